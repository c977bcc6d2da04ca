-- The error is a value whose text is a loop.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    error(setmetatable({}, { __tostring = function() while true do end end }))
  end
  peer:send(message:text())
end

return policy
