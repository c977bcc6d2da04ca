return require("rooms")("three")
