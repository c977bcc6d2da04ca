-- The signaling protocol of Godot's `networking/webrtc_signaling` demo.
--
-- Godot 4 speaks JSON: { "type": number, "id": number, "data": string }. Godot 3 speaks lines of text,
-- `L: argument\npayload`. Each peer is answered in what its first message was written in.
-- The peer that creates a lobby is its host: id 1 to everyone, and the lobby ends when it leaves.

local settings = relay.settings {
  join_timeout = 1.0,  -- seconds that a peer may stay without a lobby
  seal_timeout = 10.0, -- seconds from sealing a lobby to closing it
  max_peers = 4096,
  max_lobbies = 1024,
}

assert(settings.join_timeout >= 0 and settings.seal_timeout >= 0, "a timeout is 0 seconds or more")

local JOIN <const>, ID <const>, PEER_CONNECT <const>, PEER_DISCONNECT <const> = 0, 1, 2, 3
local OFFER <const>, CANDIDATE <const>, SEAL <const> = 4, 6, 7
local HOST <const> = 1

local text = require "godot3_text"

local policy = { timers = {} }

local function refuse(peer, reason)
  peer:close(4000, reason)
end

-- In a mesh a plugin may hand the role on; otherwise members know nobody but their first host.
local function is_host(lobby, id)
  return id == (lobby.host or HOST)
end

-- Says something to one peer in its own dialect.
local function tell(peer, kind, id, data)
  if peer.speaks_text then
    peer:send(text.line(kind, id, data))
  else
    peer:send(('{"type":%d,"id":%d,"data":%s}'):format(kind, id, json.encode(data)))
  end
end

-- Connecting -----------------------------------------------------------------------------------------

function policy.on_connect(peer)
  if mount:peer_count() > settings.max_peers then return refuse(peer, "Too many peers connected") end
  peer:after(settings.join_timeout, "not_joined")
end

function policy.timers.not_joined(peer)
  refuse(peer, "Have not joined lobby yet")
end

-- Joining --------------------------------------------------------------------------------------------

-- Whether two members see each other: in a mesh all do, otherwise only host and client.
local function acquainted(lobby, one, other)
  return lobby.mesh or one == HOST or other == HOST
end

local function enter(peer, lobby, id)
  lobby:add(peer, id)
  peer:cancel("not_joined")
  tell(peer, ID, id, lobby.mesh and "true" or "")
  for _, other in ipairs(lobby:members()) do
    local other_id = lobby:id_of(other)
    if other ~= peer and acquainted(lobby, id, other_id) then
      tell(other, PEER_CONNECT, id, "")
      tell(peer, PEER_CONNECT, other_id, "")
    end
  end
  tell(peer, JOIN, 0, lobby:name())
end

local function create(peer, mesh)
  if mount:lobby_count() >= settings.max_lobbies then
    return refuse(peer, "Too many lobbies open, disconnecting")
  end
  if peer:lobby() then return refuse(peer, "Already in a lobby") end
  local name
  repeat name = random.text(16) until not mount:find_lobby(name)
  local lobby = mount:create_lobby(name)
  if not lobby then return refuse(peer, "Too many lobbies open, disconnecting") end
  lobby.mesh = mesh
  if mesh then lobby.host = HOST end
  enter(peer, lobby, HOST)
end

local function join(peer, name, mesh)
  if name == "" then return create(peer, mesh) end
  if peer:lobby() then return refuse(peer, "Already in a lobby") end
  local lobby = mount:find_lobby(name)
  if not lobby then return refuse(peer, "Lobby does not exists") end
  if lobby:is_sealed() then return refuse(peer, "Lobby is sealed") end
  local id
  repeat id = random.integer(2, 2147483647) until not lobby:member(id)
  enter(peer, lobby, id)
end

-- Sealing --------------------------------------------------------------------------------------------

local function seal(peer, lobby)
  if not is_host(lobby, lobby:id_of(peer)) then return refuse(peer, "Only host can seal the lobby") end
  lobby:seal()
  for _, member in ipairs(lobby:members()) do tell(member, SEAL, 0, "") end
  lobby:after(settings.seal_timeout, "sealed")
end

local function close_lobby(lobby, code, reason, except)
  local members = lobby:members()
  lobby:delete()
  for _, member in ipairs(members) do
    if member ~= except then member:close(code, reason) end
  end
end

function policy.timers.sealed(lobby)
  close_lobby(lobby, 1000, "Seal complete")
end

-- Leaving --------------------------------------------------------------------------------------------

function policy.on_disconnect(peer)
  local lobby = peer:lobby()
  if not lobby then return end
  local id = lobby:id_of(peer)
  if is_host(lobby, id) then return close_lobby(lobby, 4000, "Room host has disconnected", peer) end
  lobby:remove(peer)
  for _, other in ipairs(lobby:members()) do
    if acquainted(lobby, id, lobby:id_of(other)) then tell(other, PEER_DISCONNECT, id, "") end
  end
end

-- Messages -------------------------------------------------------------------------------------------

local function on_text(peer, message)
  peer.speaks_text = true
  local kind, argument, payload = text.parse(message)
  if not kind then return refuse(peer, "Invalid message format") end
  if kind == "J" then return join(peer, argument, true) end

  local lobby = peer:lobby()
  if not lobby then return refuse(peer, "Invalid message when not in a lobby") end
  if kind == "S" then return seal(peer, lobby) end

  local id = math.tointeger(tonumber(argument))
  local destination = id and lobby:member(id)
  if not destination then return refuse(peer, "Invalid destination") end
  if not text.is_relayed(kind) then return refuse(peer, "Invalid command") end
  message:forward_rest(destination, ("%s: %d\n"):format(kind, lobby:id_of(peer)), payload)
end

local function on_other(peer, message)
  if message:is_binary() then return refuse(peer, "Invalid transfer mode, must be text") end
  if peer.speaks_text or text.begins(message) then return on_text(peer, message) end
  refuse(peer, "Invalid message format")
end

function policy.on_message(peer, message)
  local kind, id = message:integer("type", "id")
  if not kind or not id or kind < 0 or id < 0 then return on_other(peer, message) end
  if kind == JOIN then return join(peer, message:string("data") or "", id == 0) end

  local lobby, own_id = peer:lobby()
  if not lobby then return refuse(peer, "Invalid message when not in a lobby") end
  if kind == SEAL then return seal(peer, lobby) end
  if kind < OFFER or kind > CANDIDATE then return refuse(peer, "Invalid command") end

  local destination = lobby:member(id)
  if not destination then return refuse(peer, "Invalid destination") end
  message:forward(destination, "type", kind, "id", own_id, "data", json.text)
end

return policy
