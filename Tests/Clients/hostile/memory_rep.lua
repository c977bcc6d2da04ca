-- One call that asks for a terabyte.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    while true do
      pcall(string.rep, "x", 1 << 40)
    end
  end
  peer:send(message:text())
end

return policy
