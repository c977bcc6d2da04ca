-- A table that never stops growing.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local numbers = {}
    while #numbers >= 0 do numbers[#numbers + 1] = #numbers end
  end
  peer:send(message:text())
end

return policy
