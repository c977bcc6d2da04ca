enum ConversationPlaceholder {}
