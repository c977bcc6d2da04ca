-- What `lobbyist serve --demo` serves: Godot's protocol, and the page beside this file.
listen "0.0.0.0:9080"

mount "/" {
  script = "scripts/godot.lua",
  plugins = { { "plugins/codes.lua", length = 5 }, "plugins/resume.lua" },
  static = ".",
}
