-- A string that doubles until memory ends.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local text = "x"
    while true do text = text .. text end
  end
  peer:send(message:text())
end

return policy
