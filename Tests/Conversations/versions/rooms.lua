-- Rooms by name, and every answer says which version gave it.
return function(version)
  local policy = { timers = {} }

  local function room_of(peer)
    return peer:lobby()
  end

  local commands = {}

  function commands.join(peer, name)
    local room = mount:find_lobby(name) or mount:create_lobby(name)
    room:add(peer, room:count() + 1)
    room.by = room.by or version
    peer:send(version .. ": room of " .. room.by)
  end

  -- Only looks whether there is one of the name.
  function commands.new(peer)
    local number = 1
    while mount:find_lobby("room " .. number) do number = number + 1 end
    commands.join(peer, "room " .. number)
  end

  function commands.leave(peer)
    local room = room_of(peer)
    if room then room:remove(peer) end
    peer:send(version .. ": left")
  end

  function commands.say(peer, text)
    local room = room_of(peer)
    if room then room:broadcast(version .. ": " .. text) else peer:send(version .. ": nobody hears") end
  end

  function commands.list(peer)
    local names = {}
    for _, room in ipairs(mount:lobbies()) do names[#names + 1] = room:name() end
    table.sort(names)
    peer:send(version .. ": " .. table.concat(names, " "))
  end

  function commands.bell(peer)
    room_of(peer):after(5, "bell")
    peer:after(5, "alarm")
    mount:after(5, "clock")
  end

  function commands.fail(_) error("told to") end

  function policy.on_connect(peer)
    if not peer.room then return end
    commands.join(peer, peer.room)
  end

  function policy.on_upgrade(request)
    request:attach("room", request:query("room"))
  end

  function policy.on_message(peer, message)
    local word, rest = message:text():match("^(%a+) ?(.*)$")
    commands[word](peer, rest)
  end

  function policy.on_disconnect(peer)
    local room = room_of(peer)
    if room then room:broadcast(version .. ": somebody left", peer) end
  end

  function policy.on_request(request)
    local room = mount:find_lobby(request:query("room") or "")
    request:answer(200, version .. ": " .. (room and room:count() or "none"))
  end

  function policy.on_reload()
    for _, room in ipairs(mount:lobbies()) do room:broadcast(version .. ": hello") end
  end

  function policy.timers.bell(room) room:broadcast(version .. ": the room's bell") end
  function policy.timers.alarm(peer) peer:send(version .. ": the peer's alarm") end

  function policy.timers.clock()
    mount.clocks = (mount.clocks or "") .. version
  end

  function commands.clocks(peer) peer:send(version .. ": " .. (mount.clocks or "none")) end

  return policy
end
