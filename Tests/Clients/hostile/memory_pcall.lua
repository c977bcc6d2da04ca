-- Memory runs out, the script catches that and goes on collecting.
local policy = {}

function policy.on_message(peer, message)
  if message:text() == "go" then
    peer:send("an effect that must be lost")
    local kept = {}
    while true do
      pcall(function()
        while true do kept[#kept + 1] = ("x"):rep(1000) .. #kept end
      end)
    end
  end
  peer:send(message:text())
end

return policy
