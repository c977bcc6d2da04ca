-- A function that calls itself until the stack ends.
local policy = {}

local function deeper(depth)
  return 1 + deeper(depth + 1)
end

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    peer:send(deeper(1))
  end
  peer:send(message:text())
end

return policy
