@tool
extends EditorPlugin
## Lists the addon in the project's settings. Its nodes, [LobbyClient] and [LobbyMultiplayer], are
## there by their class names, whether it is switched on or not.
