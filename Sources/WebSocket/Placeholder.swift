enum WebSocketPlaceholder {}
