-- The signaling protocol of HeatXD's "WebRTC-Signalling-Server", made for a Godot game jam.
--
-- Both ways { "command": "###!XX", "data": any JSON }, as text; binary is understood as well. A peer registers
-- under a name, then creates a room or joins one: once, there is no leaving but to disconnect. Whoever created the
-- room is its host, the number 1 to everyone in it; the others are known by their ids, which are strings.

local settings = relay.settings {
  register_timeout = 2.0, -- seconds from connecting to having a name
  enter_timeout = 20.0,   -- seconds from connecting to being in a room
  seal_timeout = 10.0,    -- seconds from sealing a room to closing it
  -- A room in which nobody creates, joins, leaves, seals or says anything is closed after `inactive_timeout` and
  -- `inactive_grace` seconds. The original looked every 10 seconds for rooms inactive for more than 30: after 31
  -- to 40 seconds they were closed.
  inactive_timeout = 30.0,
  inactive_grace = 5.0,
  relays_are_activity = false, -- whether offers, answers and candidates keep a room open, too
  max_peers = 512,
  max_lobbies = 256,
  max_name_bytes = 1024, -- of a name as JSON; attribute_bytes, a limit of the relay, bounds it as well
}

local HOST <const> = 1
local LAST_ID <const> = 2147483647 -- clients read ids as 32-bit integers
local NOT_CREATED <const> = "Couldn't Create Room"

local policy = { timers = {} }

-- Saying ----------------------------------------------------------------------------------------------

local function line(command, data_text)
  return ('{"command":"###!%s","data":%s}'):format(command, data_text)
end

local function tell(peer, command, data)
  peer:send(line(command, json.encode(data)))
end

-- The id by which the members of a room know one of them: the creator is the host to them, from first to last.
local function visible(lobby, id)
  return id == lobby.creator and HOST or id
end

-- What JavaScript, in which this protocol was first spoken, takes for false counts as left out.
local function is_missing(text)
  return not text or text == "null" or text == "false" or text == '""' or tonumber(text) == 0
end

-- Connecting and registering --------------------------------------------------------------------------

function policy.on_connect(peer)
  if mount:peer_count() > settings.max_peers then return peer:close(4000, "Too Many Peers") end
  peer:after(settings.register_timeout, "not_registered")
  peer:after(settings.enter_timeout, "not_in_a_room")
end

function policy.timers.not_registered(peer)
  tell(peer, "PTO", "Player Didn't Register In Time")
  peer:close(4000, "Player Not Registered")
end

function policy.timers.not_in_a_room(peer)
  tell(peer, "PTO", "Player Took Too Long To Enter A Room")
  peer:close(4000, "Player AFK In Lobby")
end

local function register(peer, message)
  local name = message:raw("data")
  if peer.player_id or is_missing(name) or #name > settings.max_name_bytes then
    return tell(peer, "RPB", "Invalid Player Data Error")
  end
  -- Counted, so that no two are alike.
  local last_id = mount.last_id or HOST
  mount.last_id = last_id < LAST_ID and last_id + 1 or HOST + 1
  peer.player_id = ("%d"):format(mount.last_id)
  peer.nickname = name
  peer:cancel("not_registered")
  tell(peer, "RPK", peer.player_id)
end

-- Rooms -----------------------------------------------------------------------------------------------

local function host_of(lobby)
  return lobby.host and lobby:member(lobby.host)
end

local function keep_open(lobby)
  lobby:after(settings.inactive_timeout + settings.inactive_grace, "inactive")
end

local function enter(peer, lobby)
  lobby:add(peer, peer.player_id)
  peer:cancel("not_in_a_room")
  keep_open(lobby)
  tell(peer, "CTR", visible(lobby, peer.player_id))
end

local function create(peer)
  if peer:lobby() or mount:lobby_count() >= settings.max_lobbies then return tell(peer, "CRB", NOT_CREATED) end
  local lobby = mount:create_lobby(random.uuid())
  if not lobby then return tell(peer, "CRB", NOT_CREATED) end
  if not lobby:admits(peer) then
    lobby:delete()
    return tell(peer, "CRB", NOT_CREATED)
  end
  lobby.host, lobby.creator = peer.player_id, peer.player_id
  enter(peer, lobby)
  tell(peer, "CRK", lobby:name())
end

local function join(peer, message)
  local name = message:string("data")
  local lobby = not peer:lobby() and name and mount:find_lobby(name)
  if not lobby or lobby:is_sealed() or not host_of(lobby) or not lobby:admits(peer) then
    return tell(peer, "JRB", "Couldn't Find / Join The Room")
  end
  enter(peer, lobby)
  local names = {}
  for _, other in ipairs(lobby:members()) do
    if other ~= peer then
      tell(other, "RPC", peer.player_id)
      tell(peer, "RPC", visible(lobby, other.player_id))
    end
    names[#names + 1] = other.nickname
  end
  peer:send(line("JRK", "[" .. table.concat(names, ",") .. "]"))
end

local function seal(peer)
  local lobby = peer:lobby()
  if not lobby or host_of(lobby) ~= peer then
    return tell(peer, "SRB", "Room Not Found Or Player Isn't Host")
  end
  if not lobby:is_sealed() then lobby:after(settings.seal_timeout, "sealed") end
  lobby:seal()
  keep_open(lobby)
  lobby:broadcast(line("SRK", '"null"'))
end

local function close_room(lobby, reason, except)
  local members = lobby:members()
  lobby:delete()
  for _, member in ipairs(members) do
    if member ~= except then member:close(4000, reason) end
  end
end

function policy.timers.sealed(lobby)
  close_room(lobby, "Room Cleaned Up")
end

function policy.timers.inactive(lobby)
  close_room(lobby, "Room Is Inactive")
end

function policy.on_disconnect(peer)
  local lobby, id = peer:lobby()
  if not lobby then return end
  if id == lobby.host then return close_room(lobby, "Host Disconnected", peer) end
  lobby:remove(peer)
  keep_open(lobby)
  lobby:broadcast(line("RPD", json.encode(visible(lobby, id))))
end

-- Messages --------------------------------------------------------------------------------------------

local function say(peer, message)
  local lobby, text = peer:lobby(), message:raw("data")
  if not lobby or is_missing(text) then return tell(peer, "RMB", "Couldn't Send Message") end
  keep_open(lobby)
  lobby:broadcast(line("RMK", text))
end

-- The member that a client means by an id, written as a number or as a string.
local function recipient(lobby, id)
  local number = math.tointeger(tonumber(id))
  if number == HOST then return lobby:member(lobby.creator) end
  return number and lobby:member(("%d"):format(number))
end

local function relay_to_one(peer, message, code)
  local lobby, own_id = peer:lobby()
  if not lobby then return end
  local destination = recipient(lobby, message:string("data.id") or message:number("data.id"))
  if not destination then return end
  if settings.relays_are_activity then keep_open(lobby) end
  message:forward(destination, "command", "###!" .. code .. code:sub(1, 1), "data.id", visible(lobby, own_id))
end

local commands = {
  RP = register, CR = create, JR = join, SR = seal, SM = say,
  OO = relay_to_one, AA = relay_to_one, CC = relay_to_one,
}

function policy.on_message(peer, message)
  -- An early client sent its JSON as binary.
  if not message:as_text() or is_missing(message:raw("command")) then return end
  -- The two characters behind the fourth tell the command, nobody looks at the rest.
  local command = message:string("command")
  local start = command and utf8.offset(command, 5)
  local code = start and command:sub(start, start + 1)
  -- Nothing but to register is possible before registering.
  local run = commands[code]
  if not run or (run ~= register and not peer.player_id) then return tell(peer, "ICB", "Command Not Found") end
  run(peer, message, code)
end

return policy
