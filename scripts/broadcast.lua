-- Raw broadcast: what one member of a room says, all others hear, byte for byte.
--
-- For browser clients that send {"sdp": …} and {"candidate": …} and know of no server. A room is the path and query
-- of the URL, as requested: /signalling, /signalling?room=2 and /x are three. The relay never says a word of its
-- own, since these clients take whatever they hear for a candidate.

local settings = relay.settings {
  max_members = 0,        -- of one room; who is one too many is closed; 0: any number
  replay = false,         -- what a lone member says waits for whoever comes next
  replay_timeout = 600.0, -- seconds that it waits
}

local ALONE <const> = "alone" -- what messages that wait for company are held under

assert(settings.max_members >= 0, "max_members is 0 or more")
assert(settings.replay_timeout > 0, "replay_timeout is more than 0 seconds")

local policy = {}

function policy.on_upgrade(request)
  local target = request:target()
  -- A lobby's name has at most 256 bytes.
  if #target > 200 then target = "sha256:" .. crypto.base64_encode(crypto.sha256(target), true) end
  request:attach("room", target)
end

function policy.on_connect(peer)
  local room = mount:find_lobby(peer.room) or mount:create_lobby(peer.room)
  if settings.max_members > 0 and room:count() >= settings.max_members then return peer:close(4000, "Room is full") end
  local admitted, reason = room:admits(peer)
  if not admitted then
    if room:count() == 0 then room:delete() end
    return peer:close(4000, reason)
  end

  -- Members have no ids in this protocol; the relay wants one: a number that was not given before.
  room.joined = (room.joined or 0) + 1
  room:add(peer, room.joined)
  room:deliver(ALONE, peer)
end

function policy.on_message(peer, message)
  local room = peer:lobby()
  if not room then return end
  if settings.replay and room:count() == 1 then return message:hold(room, ALONE, settings.replay_timeout) end
  for _, member in ipairs(room:members()) do
    if member ~= peer then message:forward(member) end
  end
end

return policy
