enum LobbyPlaceholder {}
