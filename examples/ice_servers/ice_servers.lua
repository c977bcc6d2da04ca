-- Tells each peer the ICE servers that the plugin `turn` has for it: when it connects, and again whenever it asks.

local policy = {}

local function tell(peer)
  peer:send(('{"type":"ice_servers","iceServers":%s}'):format(peer.ice_servers or "[]"))
end

policy.on_connect = tell

function policy.on_message(peer, message)
  if message:string("type") == "ice_servers" then tell(peer) end
end

return policy
