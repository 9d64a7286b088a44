from search_engine import Budget, Constraint, Objective, SearchProblem, load_space, run_search

problem = SearchProblem(
    space=load_space("mbconv-tiny", input_shape=(1, 8, 8), classes=10),
    objectives=(Objective("accuracy", "maximize"), Objective("macs")),
    constraints=(Constraint("params", "<=", 60_000),),
)
for event in run_search(
    problem,
    strategy="nsga2",
    evaluator="short_training",
    dataset="digits",
    budget=Budget(max_trials=20),
):
    print(event)
