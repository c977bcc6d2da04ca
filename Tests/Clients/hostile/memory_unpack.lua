-- Nearly a million values on the stack, over and over.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    while true do
      pcall(table.unpack, {}, 1, 900000)
    end
  end
  peer:send(message:text())
end

return policy
