-- The Godot demo's policy, but ICE candidates with private addresses go no further: players learn less of each other's
-- home network, and do not try addresses in vain. Those in one network then need a router that connects them by their
-- public address, or a TURN server. A policy: it takes scripts/godot.lua and rewrites what its on_message forwards.
--
-- A candidate message with a private address is dropped. Offers and answers lose such lines out of their SDP (clients
-- without trickle ICE), and `c=` and `a=rtcp:` lines their address. A public candidate loses the address behind it.

local policy = require "godot"
local text = require "godot3_text"
local ip_address = require "shared.ip_address"

local settings = relay.settings {
  -- Names such as 1f6a….local, which browsers use to hide the address: they tell strangers nothing, and let players
  -- of one network meet.
  keep_mdns = true,
}

local OFFER <const>, CANDIDATE <const> = 4, 6
local godot_message = policy.on_message

-- RFC 1918, carriers' NAT (RFC 6598), loopback, link-local; for IPv6 loopback, unique local and link-local. IPv4
-- written as IPv6 (::ffff:192.168.0.1) counts as IPv4.
local PRIVATE <const> = {}
for _, range in ipairs {
  "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
  "::1", "fc00::/7", "fe80::/10",
} do
  PRIVATE[#PRIVATE + 1] = assert(ip_address.parse_range(range))
end

local function is_private(address)
  if address:lower():find("%.local%.?$") then return not settings.keep_mdns end
  local bytes = ip_address.parse((address:gsub("%%.*", ""))) -- fe80::1%eth0
  -- What is no address is a name, unless it only looks like an address: nobody knows what the other side makes of it.
  if not bytes then return address:find("^[%d.]+$") ~= nil or address:find(":", 1, true) ~= nil end
  for _, range in ipairs(PRIVATE) do
    if ip_address.contains(range, bytes) then return true end
  end
  return false
end

-- Rewriting ------------------------------------------------------------------------------------------

-- RFC 8839 §5.1: candidate:foundation component transport priority address port typ …
local FIELD <const>, GAP <const> = "[^ \t\r\n]+", "[ \t]+"
local ADDRESS <const> = "^[ \t]*" .. (FIELD .. GAP):rep(4) .. "(" .. FIELD .. ")"

local function unspecified(address)
  return address:find(":", 1, true) and "::" or "0.0.0.0"
end

-- Where media goes without ICE.
local function hide(prefix, address)
  return is_private(address) and prefix .. unspecified(address) or nil
end

local function rewrite_line(line)
  local candidate = line:match("candidate:(.*)")
  local address = candidate and candidate:match(ADDRESS)
  if not address then
    line = line:gsub("^(c=IN IP[46] )(" .. FIELD .. ")", hide)
    return (line:gsub("^(a=rtcp:%d+ IN IP[46] )(" .. FIELD .. ")", hide))
  end
  if is_private(address) then return "" end
  -- The same section allows to hide the related address so.
  line = line:gsub("(raddr" .. GAP .. ")" .. FIELD, "%1" .. unspecified(address))
  return (line:gsub("(rport" .. GAP .. ")%d+", "%10"))
end

-- What may go on of the text of a message; nil when nothing may.
local function public_part(data, is_candidate)
  local is_dropped = false
  local public = data:gsub("[^\r\n]+[\r\n]*", function(line)
    local rewritten = rewrite_line(line)
    is_dropped = is_dropped or rewritten == ""
    return rewritten
  end)
  if is_dropped and is_candidate then return nil end
  return public
end

-- Messages -------------------------------------------------------------------------------------------

-- Each of the two answers whether it has dealt with the message. What need not change is godot.lua's, and what that
-- would refuse.

local function dealt_with_json(peer, message, kind, id)
  local lobby, own_id = peer:lobby()
  local destination = lobby and kind >= OFFER and kind <= CANDIDATE and lobby:member(id)
  local data = destination and message:string("data")
  if not data then return false end
  local public = public_part(data, kind == CANDIDATE)
  if public == data then return false end
  if public then message:forward(destination, "type", kind, "id", own_id, "data", public) end
  return true
end

-- Godot 3: a letter, an id, a line feed and the data.
local function dealt_with_lines(peer, message)
  local lobby, own_id = peer:lobby()
  if not lobby or message:is_binary() or not (peer.speaks_text or text.begins(message)) then return false end
  local letter, argument, start = text.parse(message)
  local id = letter and text.is_relayed(letter) and math.tointeger(tonumber(argument))
  local destination = id and lobby:member(id)
  if not destination then return false end
  local data = message:sub(start)
  local public = public_part(data, letter == "C")
  if public == data then return false end
  peer.speaks_text = true
  if public then destination:send(("%s: %d\n%s"):format(letter, own_id, public)) end
  return true
end

function policy.on_message(peer, message)
  local kind, id = message:integer("type", "id")
  local is_dealt_with
  if kind and id then
    is_dealt_with = dealt_with_json(peer, message, kind, id)
  else
    is_dealt_with = dealt_with_lines(peer, message)
  end
  if not is_dealt_with then godot_message(peer, message) end
end

return policy
