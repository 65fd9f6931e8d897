"""What is shown of a target to people and routers: board, picture, explanation, routes, counts."""
