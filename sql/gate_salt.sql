-- gate_salt
select salt from gate
