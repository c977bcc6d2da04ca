-- The Godot demo's policy with a waiting room: the host lets newcomers in. A policy: it takes scripts/godot.lua and
-- puts off what its on_message would do at once.
--
-- The host hears {"type":9,"id":ticket,"data":""} of a newcomer and answers {"type":9,"id":ticket,"data":"yes"}, or
-- anything else for no. The newcomer's client need not know: it waits for the answer to its join.

local policy = require "godot"
local settings = relay.settings { patience = 60.0 } -- seconds that a newcomer waits

local JOIN <const>, KNOCK <const>, HOST <const> = 0, 9, 1
local godot_message, godot_disconnect, godot_sealed = policy.on_message, policy.on_disconnect, policy.timers.sealed

local function knock(peer, lobby)
  lobby.tickets = (lobby.tickets or 0) + 1
  peer.knocks_at, peer.ticket = lobby:name(), lobby.tickets
  peer:cancel("not_joined") -- godot.lua's: the time to join is over when this one is
  peer:after(settings.patience, "not_admitted")
  lobby:member(lobby.host or HOST):send(('{"type":9,"id":%d,"data":""}'):format(lobby.tickets))
end

local function stop_waiting(peer)
  peer.knocks_at, peer.ticket = nil, nil
  peer:cancel("not_admitted")
end

function policy.timers.not_admitted(peer)
  peer:close(4000, "Nobody has let you in")
end

local function who_knocks(lobby, ticket)
  for _, peer in ipairs(mount:peers("knocks_at", lobby:name())) do
    if peer.ticket == ticket and peer:is_open() then return peer end
  end
end

local function answer(peer, ticket, verdict)
  local lobby, id = peer:lobby()
  if not lobby or id ~= (lobby.host or HOST) then return peer:close(4000, "Only host can admit") end
  local newcomer = who_knocks(lobby, ticket)
  if not newcomer then return end -- gone by now, or to another lobby
  stop_waiting(newcomer)
  if verdict ~= "yes" then return newcomer:close(4000, "The host has not let you in") end
  -- What godot.lua reads of a message that joins.
  godot_message(newcomer, { integer = function() return JOIN, 0 end, string = function() return lobby:name() end })
end

local function join(peer, message)
  local name = message:string("data") or ""
  if peer.knocks_at == name then return peer:close(4000, "Already waiting") end
  -- Who asks for another lobby, or for one of its own, has left the door.
  if peer.knocks_at then stop_waiting(peer) end
  local lobby = not peer:lobby() and mount:find_lobby(name)
  if lobby and not lobby:is_sealed() then return knock(peer, lobby) end
  godot_message(peer, message)
end

function policy.on_message(peer, message)
  local kind, id = message:integer("type", "id")
  -- Godot 3's lines of text would pass the waiting room by.
  if not kind or not id then return peer:close(4000, "Invalid message format") end
  if kind == KNOCK then return answer(peer, id, message:string("data")) end
  if kind == JOIN then return join(peer, message) end
  godot_message(peer, message)
end

-- When a lobby ends, nobody waits for it any longer.
local function turn_away(name, reason)
  for _, peer in ipairs(mount:peers("knocks_at", name)) do peer:close(4000, reason) end
end

function policy.on_disconnect(peer)
  local lobby = peer:lobby()
  local name = lobby and lobby:name()
  godot_disconnect(peer)
  if lobby and not lobby:is_open() then turn_away(name, "Room host has disconnected") end
end

function policy.timers.sealed(lobby)
  turn_away(lobby:name(), "Lobby is sealed")
  godot_sealed(lobby)
end

return policy
