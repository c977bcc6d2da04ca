-- Messages without end; staged effects count towards the budget.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    while true do peer:send(("x"):rep(1000)) end
  end
  peer:send(message:text())
end

return policy
