extension Skeleton {
  var plugin: String {
    #"""
    -- A rule for any policy to start from. \#(conversationFile) says what clients see.
    --
    -- Each hook runs before the policy's. One that returns true has dealt with the event: the policy does not see it.

    local settings = relay.settings {
      members_max = 8,       -- of a lobby: `--set \#(name).members_max=4` sets it
      message_bytes = 65536, -- what is longer goes no further, and the third time closes
      idle_timeout = 60.0,   -- seconds that a peer may say nothing
    }

    ---@type plugin
    local plugin = { timers = {} }

    -- A handshake: there is no peer yet, but its address, path, query and headers are known.
    function plugin.on_upgrade(request)
      if request:query("version") == "0" then return request:refuse(403, "This version is too old\n") end
    end

    -- A timer runs once, and only while its peer is there.
    function plugin.on_connect(peer)
      peer:after(settings.idle_timeout, "idle")
    end

    function plugin.timers.idle(peer)
      peer:close(4000, "Nothing heard for too long")
    end

    -- A timer of the same name is replaced. Attributes of a peer are everybody's: a plugin's begin with its name.
    function plugin.on_message(peer, message)
      peer:after(settings.idle_timeout, "idle")
      if message:size() <= settings.message_bytes then return end
      peer.\#(name)_strikes = (peer.\#(name)_strikes or 0) + 1
      if peer.\#(name)_strikes >= 3 then peer:close(1009, "Shorter, please") end
      return true
    end

    -- Before a peer becomes a member. A text refuses, and clients hear it in the words of their protocol.
    function plugin.on_join(peer, lobby)
      if lobby:count() >= settings.members_max then return "Lobby is full" end
    end

    -- The policy's own hook comes next, so nothing is returned.
    function plugin.on_disconnect(peer, code, reason)
      if peer.\#(name)_strikes then relay.count("\#(name)_struck_peers") end
    end

    return plugin

    """#
  }

  /// What the plugin's conversation is played against: nothing but lobbies.
  var pluginPolicy: String {
    #"""
    -- A policy for \#(conversationFile): who sends a name joins the lobby of that name and hears its own id.

    ---@type policy
    local policy = {}

    function policy.on_message(peer, message)
      if peer:lobby() then return peer:close(4000, "Already in a lobby") end
      local name = message:text()
      local lobby, reason = mount:find_lobby(name)
      if not lobby then lobby, reason = mount:create_lobby(name) end
      if not lobby then return peer:close(4000, reason) end
      local is_admitted, refusal = lobby:admits(peer)
      if not is_admitted then return peer:close(4000, refusal) end
      local id = lobby:count() + 1
      lobby:add(peer, id)
      peer:send("you are " .. id)
    end

    return policy

    """#
  }

  var pluginConversation: String {
    #"""
    # What clients see of \#(scriptFile), here in front of a policy that only knows lobbies. `>>` is sent, `<<` is heard.
    policy \#(policyFile)
    plugin \#(scriptFile)
    skip live "needs the plugin and its settings"

    --- An old version is refused
    Ana connects to /?version=0
    Ana is refused 403 "This version is too old\n"

    --- A lobby has so many members and no more
    set \#(name).members_max = 1
    Ana and Bob connect
    Ana >> text "den"
    Ana << text "you are 1"
    Bob >> text "den"
    Bob is closed 4000 "Lobby is full"

    --- The third message that is too long closes
    set \#(name).message_bytes = 100
    Ana connects
    Ana >> text "den"
    Ana << text "you are 1"
    Ana >> repeat 101 "a"
    Ana >> repeat 101 "b"
    Ana hears nothing
    Ana >> repeat 101 "c"
    Ana is closed 1009 "Shorter, please"

    --- Who says nothing for a minute is closed
    Ana connects
    Ana >> text "den"
    Ana << text "you are 1"
    after 59s
    Ana hears nothing
    after 1s
    Ana is closed 4000 "Nothing heard for too long"

    """#
  }
}
