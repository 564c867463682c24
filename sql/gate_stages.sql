-- gate_stages
select s.name, d.methods, d.rules from stage s join deployment d on d.id = s.deployment_id
