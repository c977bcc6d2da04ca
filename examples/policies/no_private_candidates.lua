-- Messages that carry an ICE candidate with a private address go no further: the players learn less of each
-- other's home network, and do not try addresses in vain. Those in one network then need a router that connects them
-- by their public address, or a TURN server. A plugin, for any policy: on_message returns true, and the policy never
-- sees the message.
--
-- Not looked at: candidates within an offer or an answer (clients without trickle ICE), the related address of a
-- public candidate (`raddr`), and binary messages.

local settings = relay.settings {
  -- Names such as 1f6a….local, which browsers use to hide the address: they tell strangers nothing, and let players
  -- of one network meet.
  keep_mdns = true,
}

-- RFC 1918, loopback, link-local; for IPv6 loopback, unique local and link-local.
local PRIVATE <const> = {
  "^10%.", "^192%.168%.", "^172%.1[6-9]%.", "^172%.2%d%.", "^172%.3[01]%.", "^127%.", "^169%.254%.",
  "^::1$", "^f[cd]%x%x:", "^fe[89ab]%x:",
}

local function is_private(address)
  address = address:lower()
  if address:find("%.local$") then return not settings.keep_mdns end
  for _, pattern in ipairs(PRIVATE) do
    if address:find(pattern) then return true end
  end
  return false
end

-- What tells a candidate in each protocol.
local function candidate(message)
  return message:string("candidate.candidate") -- browsers that broadcast
    or message:string("payload.candidate") -- gosignaling, singo
    or message:string("data.sdp") -- game jam
    or message:integer("type") == 6 and message:string("data") -- Godot 4
    or message:sub(1, 3) == "C: " and message:text() -- Godot 3
end

local plugin = {}

function plugin.on_message(peer, message)
  local text = candidate(message)
  -- RFC 8839 §5.1: candidate:foundation component transport priority address port …
  local address = text and text:match("candidate:%S+ %d+ %S+ %d+ (%S+) ")
  return address and is_private(address)
end

return plugin
