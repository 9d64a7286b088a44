# 1. A token for scripts
TOKEN=$(curl -s {{ base_url }}/api/v1/auth/token/ -H 'Content-Type: application/json' \
  -d '{"username": "{{ username }}", "password": "<your password>"}' | sed 's/.*"token": *"\([^"]*\)".*/\1/')

# 2. Start a search
curl {{ base_url }}/api/v1/experiments/ -H "Authorization: Token $TOKEN" -H 'Content-Type: application/json' -d '{
  "name": "From a script", "dataset": "digits", "search_space": "mbconv-tiny", "devices": ["local-cpu"],
  "objectives": [{"metric": "accuracy", "direction": "maximize"}, {"metric": "latency_ms", "direction": "minimize"}],
  "budget": {"max_trials": 20}
}'

# 3. Its Pareto front, with the id from the answer
curl {{ base_url }}/api/v1/experiments/<id>/front/ -H "Authorization: Token $TOKEN"
