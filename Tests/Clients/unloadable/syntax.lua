-- Not Lua: the third line is cut.
local policy = {}
function policy.on_message(peer, message
