-- A comparison that never returns, inside table.sort.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    table.sort({ 3, 1, 2 }, function() while true do end end)
  end
  peer:send(message:text())
end

return policy
