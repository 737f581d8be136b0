"""How things move: one flow per record, one way in. Imports domain, never api."""
