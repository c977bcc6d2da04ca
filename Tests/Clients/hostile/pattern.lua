-- A pattern that backtracks for hours inside one C call.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local text = ("a"):rep(5000)
    text:find(".-.-.-.-b")
  end
  peer:send(message:text())
end

return policy
