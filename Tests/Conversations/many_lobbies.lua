-- Each message is a number: so many public lobbies more, with the sender alone in each.

local policy = {}

function policy.on_message(peer, message)
  for _ = 1, tonumber(message:text()) do
    mount.made = (mount.made or 0) + 1
    local lobby = mount:create_lobby(("lobby %d"):format(mount.made))
    lobby:add(peer, 1)
    lobby.lobby_list_public = true
    lobby.lobby_list_meta = json.encode { name = random.text(16), map = "desert", mode = "duel" }
  end
  peer:send("done")
end

return policy
