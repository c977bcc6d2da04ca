-- Raw broadcast: what one member of a room says, all others hear, byte for byte.
--
-- For browser clients that send {"sdp": …} and {"candidate": …} and know of no server. A room is the path and query
-- of the URL, as requested: /signalling, /signalling?room=2 and /x are three. Only what is said to the relay's plugins,
-- such as a token, is no part of it. The relay never says a word of its own, since these clients take whatever they
-- hear for a candidate.

local settings = relay.settings {
  max_members = 0,        -- of one room; who is one too many is closed; 0: any number
  replay = false,         -- what a lone member says waits for whoever comes next
  replay_timeout = 600.0, -- seconds that it waits
}

local ALONE <const> = "alone" -- what messages that wait for company are held under

assert(settings.max_members >= 0, "max_members is 0 or more")
assert(settings.replay_timeout > 0, "replay_timeout is more than 0 seconds")

-- Query parameters that are no part of a room's name: secrets of one member, which must not get into what others can
-- read, and what makes a room public. All that begin with `meta.` are such, too.
local OWN <const> = { token = true, password = true, session = true, public = true }

local policy = {}

-- A parameter's name, decoded as HTML forms write it.
local function name_of(parameter)
  local name = parameter:match("^[^=]*"):gsub("+", " ")
  return (name:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function room_of(target)
  local path, query = target:match("^([^?]*)%?(.*)$")
  if not path then return target end
  local kept = {}
  for parameter in (query .. "&"):gmatch("([^&]*)&") do
    local name = name_of(parameter)
    if not OWN[name] and name:sub(1, 5) ~= "meta." then kept[#kept + 1] = parameter end
  end
  local rest = table.concat(kept, "&")
  -- A question mark with nothing behind it goes with what was taken out, and stays where it was asked for.
  return rest == "" and query ~= "" and path or path .. "?" .. rest
end

function policy.on_upgrade(request)
  local target = room_of(request:target())
  -- A lobby's name has at most 256 bytes.
  if #target > 200 then target = "sha256:" .. crypto.base64_encode(crypto.sha256(target), true) end
  request:attach("room", target)
end

function policy.on_connect(peer)
  local room = mount:find_lobby(peer.room) or mount:create_lobby(peer.room)
  if not room then return peer:close(4000, "Too many rooms") end
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
