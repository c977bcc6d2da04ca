-- The smallest policy there is: whatever a peer sends comes back, text as text and binary as binary.
local policy = {}

function policy.on_message(peer, message)
  message:forward(peer)
end

return policy
