-- Every kill is caught and the loop goes on.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    while true do
      pcall(function() while true do end end)
    end
  end
  peer:send(message:text())
end

return policy
