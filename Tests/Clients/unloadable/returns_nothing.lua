-- Forgets to return its policy.
local policy = {}
function policy.on_message(peer, message) peer:send(message:text()) end
