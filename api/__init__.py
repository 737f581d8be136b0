"""How the world asks: GraphQL, files, sign-in and the command line."""

import gc

gc.set_threshold(50_000, 20, 20)  # a schema is hundreds of thousands of objects, none of which ever goes
