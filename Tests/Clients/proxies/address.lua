-- Tells everybody the address that they have for the policy.
local policy = {}

function policy.on_upgrade(request) request:attach("at_handshake", request:address()) end

function policy.on_connect(peer) peer:send(peer.at_handshake == peer:address() and peer:address() or "two addresses") end

function policy.on_request(request) return request:answer(200, request:address()) end

return policy
