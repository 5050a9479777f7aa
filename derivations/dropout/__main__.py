from ..writing import print_topic

print_topic("dropout")
