-- The Godot demo's policy, which seals a lobby by itself as soon as it has enough players. A policy: it takes
-- scripts/godot.lua and does more in one of its hooks.

local policy = require "godot"

local settings = relay.settings {
  players = 4,
  start_timeout = 10.0, -- seconds from sealing a lobby to closing it
}

local godot_message = policy.on_message

local function seal(lobby)
  lobby:seal()
  for _, member in ipairs(lobby:members()) do
    member:send(member.speaks_text and "S: \n" or '{"type":7,"id":0,"data":""}')
  end
  -- A timer of godot.lua's: "Seal complete".
  lobby:after(settings.start_timeout, "sealed")
end

function policy.on_message(peer, message)
  local was_in_lobby = peer:lobby() ~= nil
  godot_message(peer, message)
  local lobby = peer:lobby()
  if lobby and not was_in_lobby and lobby:count() >= settings.players then seal(lobby) end
end

return policy
