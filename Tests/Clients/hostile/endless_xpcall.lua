-- The message handler of the kill is a loop itself.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    xpcall(function() while true do end end, function() while true do end end)
  end
  peer:send(message:text())
end

return policy
