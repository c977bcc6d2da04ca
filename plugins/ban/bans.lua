-- The bans that were made over HTTP. The mount's attribute `ban_list` holds them, a line each: the range and when its
-- ban ends, in seconds since 1970.

local ip_address = require "shared.ip_address"

local bans = {}

local parsed, parsed_text = {}, ""

local function parse(text)
  local list = {}
  for address, ends_at in text:gmatch("(%S+) (%d+)\n") do
    local range = ip_address.parse_range(address)
    range.address, range.ends_at = address, math.tointeger(tonumber(ends_at))
    list[#list + 1] = range
  end
  return list
end

---All bans, also some that have ended.
---@return table[]
function bans.all()
  local text = mount.ban_list or ""
  if text ~= parsed_text then parsed, parsed_text = parse(text), text end
  return parsed
end

---The bans that have not ended, without the one of this range.
---@param range table?
---@return table[]
function bans.without(range)
  local others, now = {}, relay.now()
  for _, ban in ipairs(bans.all()) do
    local is_same = range and ban.bits == range.bits and ip_address.contains(range, ban.bytes)
    if ban.ends_at > now and not is_same then others[#others + 1] = ban end
  end
  return others
end

---Keeps these bans and no others; false when the mount has no room for them.
---@param list table[]
---@return boolean
function bans.keep(list)
  local lines = {}
  for index, ban in ipairs(list) do lines[index] = ("%s %d\n"):format(ban.address, ban.ends_at) end
  return pcall(function() mount.ban_list = table.concat(lines) end)
end

---Whether one of these bans, which last for good without an end, keeps out an address, given as bytes.
---@param list table[]
---@param bytes string
---@return boolean
function bans.cover(list, bytes)
  local now = relay.now()
  for _, range in ipairs(list) do
    if (range.ends_at or math.huge) > now and ip_address.contains(range, bytes) then return true end
  end
  return false
end

return bans
