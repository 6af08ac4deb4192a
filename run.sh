export PYTHONPATH=/tmp/proof
P=/work/main/.venv/bin/python
run() { date > /tmp/proof$1.log; nice -n 19 $P -m pytest tests/proof -m exhaustive -n 2 --dist worksteal -p no:cacheprovider -k "$2" >> /tmp/proof$1.log 2>&1; date >> /tmp/proof$1.log; }
run C conv
run D "not conv and not (((riscv32 or ppc) and gcc))"
