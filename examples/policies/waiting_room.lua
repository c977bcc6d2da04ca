-- The Godot demo's policy with a waiting room: the host lets newcomers in. A policy: it takes scripts/godot.lua and
-- puts off what its on_message would do at once.
--
-- The host hears {"type":9,"id":ticket,"data":""} of a newcomer and answers {"type":9,"id":ticket,"data":"yes"}, or
-- anything else for no. The newcomer's client need not know: it waits for the answer to its join.

local policy = require "godot"
local settings = relay.settings { patience = 60.0 } -- seconds that a newcomer waits

local JOIN <const>, KNOCK <const>, HOST <const> = 0, 9, 1
local godot_message = policy.on_message

local function knock(peer, lobby)
  if peer.knocks_at then return peer:close(4000, "Already waiting") end
  lobby.tickets = (lobby.tickets or 0) + 1
  peer.knocks_at = lobby:name() .. "/" .. lobby.tickets
  peer:cancel("not_joined") -- godot.lua's: the time to join is over when this one is
  peer:after(settings.patience, "not_admitted")
  lobby:member(lobby.host or HOST):send(('{"type":9,"id":%d,"data":""}'):format(lobby.tickets))
end

function policy.timers.not_admitted(peer)
  peer:close(4000, "Nobody has let you in")
end

local function answer(peer, ticket, verdict)
  local lobby, id = peer:lobby()
  if not lobby or id ~= (lobby.host or HOST) then return peer:close(4000, "Only host can admit") end
  local newcomer = mount:peers("knocks_at", lobby:name() .. "/" .. ticket)[1]
  if not newcomer or not newcomer:is_open() then return end -- gone by now
  newcomer.knocks_at = nil
  newcomer:cancel("not_admitted")
  if verdict ~= "yes" then return newcomer:close(4000, "The host has not let you in") end
  -- What godot.lua reads of a message that joins.
  godot_message(newcomer, { integer = function() return JOIN, 0 end, string = function() return lobby:name() end })
end

function policy.on_message(peer, message)
  local kind, id = message:integer("type", "id")
  -- Godot 3's lines of text would pass the waiting room by.
  if not kind or not id then return peer:close(4000, "Invalid message format") end
  if kind == KNOCK then return answer(peer, id, message:string("data")) end
  local lobby = kind == JOIN and not peer:lobby() and mount:find_lobby(message:string("data") or "")
  if lobby and not lobby:is_sealed() then return knock(peer, lobby) end
  godot_message(peer, message)
end

return policy
