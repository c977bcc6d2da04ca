-- The loop hides in a coroutine, which has hooks of its own.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local run = coroutine.wrap(function()
      pcall(function() while true do end end)
      while true do end
    end)
    while true do pcall(run) end
  end
  peer:send(message:text())
end

return policy
