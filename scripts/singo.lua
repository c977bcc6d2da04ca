-- The signaling protocol of the Go servers gosignaling and singo, for their pages and the npm package singo-sdk.
--
-- A message is { "type": string, "payload": object }. Clients meet in rooms; a room is only a name, there from the
-- first join to the last leave. Who is in the room hears of the newcomer and offers; the newcomer answers.

local settings = relay.settings {
  prefix = "", -- of the paths /connect, /ws and /health: "/singo" for a mount at /singo
  -- Seconds between two messages {"type":"ping"} to each client; 0 = none: no known client answers or needs them,
  -- and the relay keeps connections alive by WebSocket pings. The servers' own: 30 (gosignaling), 1 (singo).
  ping_interval = 0.0,
  max_rooms = 65536,       -- as the relay's limit lobbies
  max_room_id_bytes = 256, -- as the relay's limit lobby_name_bytes
}

assert(settings.ping_interval >= 0, "ping_interval is 0 seconds or more")
assert(settings.prefix == "" or settings.prefix:find("^/.*[^/]$"), "prefix begins with a / and does not end with one")

local CONNECT <const>, WS <const> = settings.prefix .. "/connect", settings.prefix .. "/ws"
local HEALTH <const> = settings.prefix .. "/health"

-- What a client sends, and what each member of the payload may be. One that is missing or null is empty.
local PAYLOADS <const> = {
  ["join"] = { room_id = "string" },
  ["offer"] = { client_id = "string", sdp = "string" },
  ["answer"] = { client_id = "string", sdp = "string" },
  ["ice-candidate"] = { client_id = "string", candidate = "string", sdpMid = "string", sdpMLineIndex = "index" },
}

local policy = { timers = {} }

local function encode(kind, payload)
  return ('{"type":"%s","payload":%s}'):format(kind, payload)
end

-- A message that only names a client.
local function naming(kind, client)
  return encode(kind, ('{"client_id":"%s"}'):format(client.id))
end

-- Errors never close the connection.
local function refuse(peer, reason)
  peer:send(encode("error", ('{"error":%s}'):format(json.encode(reason))))
end

-- Connecting -----------------------------------------------------------------------------------------

function policy.on_upgrade(request)
  local path = request:path()
  if path ~= CONNECT and path ~= WS then return request:refuse(404) end
end

function policy.on_request(request)
  if request:path() == HEALTH then return request:answer(200, "OK", "Content-Type", "text/plain; charset=utf-8") end
end

-- The id comes first of all and unasked: some clients join only when they have it.
function policy.on_connect(peer)
  peer.id = random.text(20, "0123456789abcdefghijklmnopqrstuv")
  peer:send(naming("notify-client-id", peer))
  if settings.ping_interval > 0 then peer:after(settings.ping_interval, "ping") end
end

function policy.timers.ping(peer)
  peer:send('{"type":"ping"}')
  peer:after(settings.ping_interval, "ping")
end

-- Joining and leaving --------------------------------------------------------------------------------

local function leave(peer, room)
  room:broadcast(naming("leave-client", peer), peer)
  room:remove(peer)
end

-- The joiner gets no answer. Who is in another room leaves it; who is in this one already stays, unannounced.
local function join(peer, room_id)
  local room, old = mount:find_lobby(room_id), peer:lobby()
  if room and room == old then return end
  if not room then
    if mount:lobby_count() >= settings.max_rooms or #room_id > settings.max_room_id_bytes then
      return refuse(peer, "failed to join room")
    end
    room = mount:create_lobby(room_id)
    if not room then return refuse(peer, "failed to join room") end
  end
  local admitted, reason = room:admits(peer)
  if not admitted then
    if room:count() == 0 then room:delete() end
    return refuse(peer, reason)
  end
  if old then leave(peer, old) end
  room:add(peer, peer.id)
  room:broadcast(naming("new-client", peer), peer)
end

function policy.on_disconnect(peer)
  local room = peer:lobby()
  if room then leave(peer, room) end
end

-- Relaying -------------------------------------------------------------------------------------------

-- A member of the payload as JSON, byte for byte; `empty` when it is missing or null.
local function spelling(message, path, empty)
  local kind = message:kind(path)
  return kind and kind ~= "null" and message:raw(path) or empty
end

local function description(peer, message)
  return ('{"client_id":"%s","sdp":%s}'):format(peer.id, spelling(message, "payload.sdp", '""'))
end

local function candidate(peer, message)
  return ('{"candidate":%s,"client_id":"%s","sdpMLineIndex":%s,"sdpMid":%s}'):format(
    spelling(message, "payload.candidate", '""'), peer.id,
    spelling(message, "payload.sdpMLineIndex", "null"), spelling(message, "payload.sdpMid", "null"))
end

-- Only within the sender's room, to itself too. For somebody who is not there it is dropped without a word.
-- The payload is written anew: members that the protocol does not know are not passed on.
local function relay_to_member(peer, message, kind)
  local room = peer:lobby()
  if not room then return refuse(peer, "failed to transfer " .. kind:gsub("-", " ")) end
  local target = room:member(message:string("payload.client_id") or "")
  if not target then return end
  target:send(encode(kind, kind == "ice-candidate" and candidate(peer, message) or description(peer, message)))
end

-- Messages -------------------------------------------------------------------------------------------

local function fits(message, path, wanted)
  local kind = message:kind(path)
  if not kind or kind == "null" then return true end
  if wanted ~= "index" then return kind == wanted end
  local index = message:number(path) or -1
  return index % 1 == 0 and index >= 0 and index <= 65535
end

local function is_valid(message, members)
  local payload = message:kind("payload")
  if payload ~= "object" and payload ~= "null" then return false end
  for name, wanted in pairs(members) do
    if not fits(message, "payload." .. name, wanted) then return false end
  end
  return true
end

-- What is no JSON object or of no known type is ignored. JSON in a binary message is as good.
function policy.on_message(peer, message)
  if not message:as_text() then return end
  local kind = message:string("type")
  local members = kind and PAYLOADS[kind]
  if not members then return end
  if not is_valid(message, members) then return refuse(peer, "invalid payload") end
  if kind == "join" then return join(peer, message:string("payload.room_id") or "") end
  relay_to_member(peer, message, kind)
end

return policy
