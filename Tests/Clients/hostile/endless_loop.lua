-- A loop without an end.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    while true do end
  end
  peer:send(message:text())
end

return policy
