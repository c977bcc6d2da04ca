-- The protocol of the Node "Signaling Server" for Unity: rooms with four digits.
--
-- Clients send JSON, as text or binary: { "type": "create" }, { "type": "join", "roomId": "1234" } and
-- { "type": "signal", "payload": anything }. A signal goes to everybody else in the room, with its sender's id.
-- Nobody is told who comes or goes; a room lives until nobody has joined it for `room_timeout`, even without
-- members, so that a client that lost its connection may join again. What makes no sense is ignored.

local settings = relay.settings {
  room_timeout = 300.0,     -- seconds from the last create or join to closing a room
  extend_on_signal = false, -- a signal, too, starts that time anew
  max_rooms = 9000,         -- of the 9000 ids from "1000" to "9999"
  -- The server's README knows none of these; some of its clients need one or another.
  targets = false,          -- a signal with a "targetId" goes to that member alone
  replay = false,           -- what a lone member signals waits for whoever joins next
  replay_bytes = 65536,     -- of signals that wait in one room; what is too much is lost
  initiate_call = false,    -- members hear of a newcomer: { "type": "initiate_call", "peerId": id }
}

local FIRST_ID <const>, LAST_ID <const> = 1000, 9999
local ALONE <const> = "alone" -- what signals that wait for company are held under

assert(settings.room_timeout > 0, "room_timeout is more than 0 seconds")
assert(settings.max_rooms >= 1 and settings.max_rooms <= LAST_ID - FIRST_ID + 1, "max_rooms is 1 to 9000")
assert(settings.replay_bytes >= 0, "replay_bytes is 0 or more")

local policy = { timers = {} }

local function refuse(peer, reason)
  peer:send('{"type":"error","message":' .. json.encode(reason) .. "}")
end

-- Connecting -----------------------------------------------------------------------------------------

-- A client that must hear of newcomers asks for it by `?initiate_call=1`, where not all do.
function policy.on_upgrade(request)
  if request:query("initiate_call") == "1" then request:attach("initiate_call", true) end
end

-- The id is the connection's, the same in every room.
function policy.on_connect(peer)
  peer.id = random.uuid()
end

-- Rooms ----------------------------------------------------------------------------------------------

local function restart_timeout(room)
  room:keep(settings.room_timeout)
  room:after(settings.room_timeout, "expired")
end

function policy.timers.expired(room)
  local members = room:members()
  room:delete()
  for _, member in ipairs(members) do member:close() end
end

-- The first free id from a random one upwards; nil when every room is taken.
local function free_id()
  if mount:lobby_count() >= settings.max_rooms then return nil end
  local id = random.integer(FIRST_ID, LAST_ID)
  for _ = FIRST_ID, LAST_ID do
    if not mount:find_lobby(tostring(id)) then return tostring(id) end
    id = id < LAST_ID and id + 1 or FIRST_ID
  end
end

-- Signals that wait for company ------------------------------------------------------------------------

-- All wait for `room_timeout`: when the last one's time is over, nothing is left.
local function hold(room, text)
  local bytes = (room.held_bytes or 0) + #text
  if bytes > settings.replay_bytes or not room:hold(ALONE, text, settings.room_timeout) then return end
  room.held_bytes = bytes
  room:after(settings.room_timeout, "nothing_waits")
end

function policy.timers.nothing_waits(room)
  room.held_bytes = nil
end

local function deliver(room, peer)
  room:deliver(ALONE, peer)
  room.held_bytes = nil
end

local function discard(room)
  room:discard(ALONE)
  room.held_bytes = nil
end

-- Entering and leaving -------------------------------------------------------------------------------

-- The room stays, but not what a lone member signalled: who heard it could not answer any more.
local function leave(peer)
  local room = peer:lobby()
  if not room then return end
  discard(room)
  room:remove(peer)
end

local function enter(peer, room, reply)
  local is_new = not room:id_of(peer)
  if is_new then
    leave(peer)
    room:add(peer, peer.id)
  end
  restart_timeout(room)
  peer:send(('{"type":"%s","roomId":%s,"myId":"%s"}'):format(reply, json.encode(room:name()), peer.id))
  if not is_new then return end
  deliver(room, peer)
  for _, member in ipairs(room:members()) do
    if member ~= peer and (settings.initiate_call or member.initiate_call) then
      member:send('{"type":"initiate_call","peerId":"' .. peer.id .. '"}')
    end
  end
end

-- Create and join ------------------------------------------------------------------------------------

local function create(peer)
  local id = free_id()
  if not id then return refuse(peer, "No room is free") end
  local room = mount:create_lobby(id)
  if not room then return refuse(peer, "No room is free") end
  local admitted, reason = room:admits(peer)
  if admitted then return enter(peer, room, "room_created") end
  room:delete()
  refuse(peer, reason)
end

local function join(peer, room_id)
  local room = room_id and mount:find_lobby(room_id)
  if not room then return refuse(peer, "Room not found") end
  if not room:id_of(peer) then
    local admitted, reason = room:admits(peer)
    if not admitted then return refuse(peer, reason) end
  end
  enter(peer, room, "room_joined")
end

-- Signals --------------------------------------------------------------------------------------------

local function signal(peer, message)
  local room = peer:lobby()
  if not room then return end
  if settings.extend_on_signal then restart_timeout(room) end

  local payload = message:raw("payload")
  local text = ('{"type":"signal","senderId":"%s"%s}'):format(peer.id, payload and ',"payload":' .. payload or "")
  local target_id = settings.targets and message:string("targetId") or ""
  if target_id ~= "" then
    local target = room:member(target_id)
    if target and target ~= peer then target:send(text) end
  elseif room:count() > 1 then
    room:broadcast(text, peer)
  elseif settings.replay then
    hold(room, text)
  end
end

function policy.on_message(peer, message)
  if not message:as_text() then return end
  local kind = message:string("type")
  if kind == "create" then return create(peer) end
  if kind == "join" then return join(peer, message:string("roomId")) end
  if kind == "signal" then return signal(peer, message) end
end

policy.on_disconnect = leave

return policy
