"""The search-space language: text to document, document to variables and parts, exact counting."""
