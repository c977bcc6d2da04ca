-- IPv4 and IPv6 addresses as numbers in bytes, for plugins that go by the address of a client.
--
-- An IPv4 address is 4 bytes, an IPv6 address 16; IPv4 written as IPv6 (`::ffff:203.0.113.7`) counts as IPv4.

local ip_address = {}

-- RFC 4291 §2.5.5.2
local MAPPED <const> = ("\0"):rep(10) .. "\xff\xff"

local function parse_ipv4(text)
  local bytes = {}
  for digits in (text .. "."):gmatch("([^.]*)%.") do
    -- A leading zero is octal to some and decimal to others.
    local is_number = digits:find("^%d%d?%d?$") and (digits == "0" or digits:byte() ~= ("0"):byte())
    local number = is_number and math.tointeger(tonumber(digits))
    if not number or number > 255 then return nil end
    bytes[#bytes + 1] = string.char(number)
  end
  return #bytes == 4 and table.concat(bytes) or nil
end

-- Groups of four hexadecimal digits with colons in between, two bytes each; the last may be an IPv4 address.
local function parse_groups(text, allows_ipv4)
  if text == "" then return "" end
  local bytes = {}
  for group, colon in (text .. ":"):gmatch("([^:]*)(:)") do
    local ipv4 = allows_ipv4 and group:find(".", 1, true) and parse_ipv4(group)
    if ipv4 and text:sub(-#group) == group then
      bytes[#bytes + 1] = ipv4
    elseif group:find("^%x%x?%x?%x?$") then
      bytes[#bytes + 1] = string.pack(">I2", tonumber(group, 16))
    else
      return nil
    end
  end
  return table.concat(bytes)
end

local function parse_ipv6(text)
  local left, right = text:match("^(.-)::(.*)$")
  if not left then
    local bytes = parse_groups(text, true)
    return bytes and #bytes == 16 and bytes or nil
  end
  local head, tail = parse_groups(left, false), parse_groups(right, true)
  -- "::" stands for one group of zeros or more.
  if not head or not tail or #head + #tail > 14 then return nil end
  return head .. ("\0"):rep(16 - #head - #tail) .. tail
end

---The bytes of an address; nil when the text is none.
---@param text string
---@return string?
function ip_address.parse(text)
  -- The longest address has 45 characters.
  if #text > 45 then return nil end
  local bytes = parse_ipv4(text) or parse_ipv6(text)
  if bytes and #bytes == 16 and bytes:sub(1, 12) == MAPPED then return bytes:sub(13) end
  return bytes
end

---An address, or a range in CIDR notation: `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`.
---@param text string
---@return { bytes: string, bits: integer }? range
---@return string? what is wrong
function ip_address.parse_range(text)
  local address, length = text:match("^([^/]*)/(.*)$")
  address = address or text
  local bytes = ip_address.parse(address)
  if not bytes then return nil, "it is neither an IPv4 nor an IPv6 address" end
  local most = address:find(":", 1, true) and 128 or 32
  local bits = most
  if length then
    bits = length:find("^%d%d?%d?$") and math.tointeger(tonumber(length))
    if not bits or bits > most then return nil, ("what follows the / is a number from 0 to %d"):format(most) end
  end
  if most == 128 and #bytes == 4 then
    if bits < 96 then return nil, "a range of IPv4 addresses written as IPv6 is /96 to /128" end
    bits = bits - 96
  end
  return { bytes = bytes, bits = bits }
end

---Whether an address, as bytes, lies in the range.
---@param range { bytes: string, bits: integer }
---@param bytes string
---@return boolean
function ip_address.contains(range, bytes)
  if #bytes ~= #range.bytes then return false end
  local whole, rest = range.bits // 8, range.bits % 8
  if bytes:sub(1, whole) ~= range.bytes:sub(1, whole) then return false end
  return rest == 0 or (bytes:byte(whole + 1) ~ range.bytes:byte(whole + 1)) >> (8 - rest) == 0
end

---What one customer of a provider usually holds, as a text: the address itself in IPv4, its /64 in IPv6.
---@param text string an address
---@return string
function ip_address.network(text)
  local bytes = ip_address.parse(text)
  if not bytes or #bytes == 4 then return text end
  return ("%x:%x:%x:%x::/64"):format(string.unpack(">I2I2I2I2", bytes))
end

return ip_address
