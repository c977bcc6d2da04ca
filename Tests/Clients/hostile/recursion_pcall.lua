-- Recursion through pcall, which is recursion in C.
local policy = {}

local function deeper(depth)
  pcall(deeper, depth + 1)
  return deeper(depth + 1)
end

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    deeper(1)
  end
  peer:send(message:text())
end

return policy
