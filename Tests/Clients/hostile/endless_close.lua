-- The kill unwinds through a variable whose closing is a loop.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local trap <close> = setmetatable({}, { __close = function() while true do end end })
    while trap do end
  end
  peer:send(message:text())
end

return policy
