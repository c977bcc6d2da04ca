-- What the admin listener's test has seen to: rooms that fill, hooks that fail in every way, counters of its own.
local policy = { timers = {} }
local commands = {}

function policy.on_upgrade(request)
  if request:path() == "/no" then request:refuse(403, "Not you\n") end
end

function policy.on_connect(peer) peer:send("hello") end

function commands.join(peer, name)
  local lobby = mount:find_lobby(name) or mount:create_lobby(name)
  lobby.seats = (lobby.seats or 0) + 1
  lobby:add(peer, lobby.seats)
end

function commands.seal(peer) peer:lobby():seal() end

function commands.many(_, count)
  local before = mount:lobby_count()
  for number = 1, math.tointeger(tonumber(count)) do
    mount:create_lobby(("room %d"):format(before + number)):keep(600)
  end
end

function commands.tell(peer, text) peer:lobby():broadcast(text, peer) end

function commands.count(_, name) relay.count(name, 2) end

function commands.fail() error("on purpose") end

function commands.spin()
  while true do end
end

function commands.sleep(peer) peer:after(0.01, "waking") end

function policy.timers.waking(peer) peer:send("awake") end

function commands.flood(peer, count)
  for _ = 1, math.tointeger(tonumber(count)) do peer:send(("x"):rep(1000)) end
end

function commands.close(peer, code) peer:close(math.tointeger(tonumber(code)), "As you wish") end

function policy.on_message(peer, message)
  local word, argument = message:text():match("^(%l+) ?(.*)$")
  commands[word](peer, argument)
  if word ~= "tell" and word ~= "close" then peer:send("ok") end
end

return policy
