-- A replacement that never returns, inside string.gsub.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    string.gsub("aaaa", "a", function() while true do end end)
  end
  peer:send(message:text())
end

return policy
