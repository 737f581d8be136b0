"""How the world asks: GraphQL, files, sign-in and the command line."""
