extension Skeleton {
  var policy: String {
    #"""
    -- A signaling protocol to start from. \#(conversationFile) says what clients see.
    --
    -- Whoever sends {"join":"den"} hears {"id":1,"joined":"den"}, and the others in that lobby {"arrived":1}. Then
    -- {"to":2,"data":…} reaches member 2 as {"from":1,"data":…}. Of a member that leaves the others hear {"left":1}.

    local settings = relay.settings {
      join_timeout = 10.0, -- seconds that a peer may stay without a lobby: `--set join_timeout=5` sets it
      members_max = 8,     -- of a lobby
    }

    ---@type policy
    local policy = { timers = {} }

    local function refuse(peer, reason)
      peer:close(4000, reason)
    end

    -- A timer runs once, and only while its peer is there.
    function policy.on_connect(peer)
      peer:after(settings.join_timeout, "not_joined")
    end

    function policy.timers.not_joined(peer)
      refuse(peer, "Join a lobby first")
    end

    -- `last_id` is an attribute of the lobby: the relay keeps it, and it goes with the lobby.
    local function join(peer, name)
      if peer:lobby() then return refuse(peer, "Already in a lobby") end
      local lobby, reason = mount:find_lobby(name)
      if not lobby then lobby, reason = mount:create_lobby(name) end
      if not lobby then return refuse(peer, reason) end
      if lobby:count() >= settings.members_max then return refuse(peer, "Lobby is full") end
      local id = (lobby.last_id or 0) + 1
      lobby.last_id = id
      lobby:add(peer, id)
      peer:cancel("not_joined")
      peer:send(json.encode { joined = lobby:name(), id = id })
      lobby:broadcast(json.encode { arrived = id }, peer)
    end

    -- The message is not decoded: a field is read where it stands, and what is forwarded stays as it came.
    function policy.on_message(peer, message)
      local name, to = message:string("join"), message:integer("to")
      if name then return join(peer, name) end
      local lobby, own_id = peer:lobby()
      local destination = lobby and to and lobby:member(to)
      if not destination then return refuse(peer, "Nobody there") end
      message:forward(destination, "from", own_id, "to", json.absent)
    end

    -- However the connection ended: the peer is still in its lobby here. A lobby that nobody is in is deleted.
    function policy.on_disconnect(peer)
      local lobby, id = peer:lobby()
      if lobby then lobby:broadcast(json.encode { left = id }, peer) end
    end

    return policy

    """#
  }

  var policyConversation: String {
    #"""
    # What clients see of \#(scriptFile). `>>` is sent, `<<` is heard.
    policy \#(scriptFile)

    --- Two meet in a lobby, talk, and one leaves
    Ana connects
    Ana >> {"join":"den"}
    Ana << {"joined":"den","id":$ana}
    Bob connects
    Bob >> {"join":"den"}
    Bob << {"joined":"den","id":$bob}
    Ana << {"arrived":$bob}
    Ana >> {"to":$bob,"data":"an offer"}
    Bob << {"from":$ana,"data":"an offer"}
    Bob closes
    Ana << {"left":$bob}

    --- Who is not there cannot be reached
    Ana connects
    Ana >> {"join":"den"}
    Ana << {"joined":"den","id":1}
    Ana >> {"to":2,"data":"hello?"}
    Ana is closed 4000 "Nobody there"

    --- Who joins no lobby is closed
    skip live "takes ten seconds"
    Ana connects
    after 9900ms
    Ana hears nothing
    after 100ms
    Ana is closed 4000 "Join a lobby first"

    --- A lobby has so many members and no more
    skip live "needs a setting"
    set members_max = 1
    Ana and Bob connect
    Ana >> {"join":"den"}
    Ana << {"joined":"den","id":1}
    Bob >> {"join":"den"}
    Bob is closed 4000 "Lobby is full"

    """#
  }
}
