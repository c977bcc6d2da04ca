-- Patterns that backtrack for hours, each under pcall.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local text = ("a"):rep(5000)
    while true do
      pcall(string.find, text, ".-.-.-.-b")
      pcall(string.match, text, "(.-)(.-)(.-)(.-)b")
      pcall(string.gsub, text, "a-a-a-a-b", "")
    end
  end
  peer:send(message:text())
end

return policy
