// Common given and family names from all over the country, lower-cased as VPAs write them.
const GIVEN = `
aarav aarti abdul abhishek aditi aditya ajay akash akhil alok aman amit amrita anand ananya anil
anita anjali ankit ankita anup aparna arjun arun aruna asha ashok ashwini ayesha babu bala bharat
bhavna chandan chitra deepa deepak devi dilip dinesh divya farhan farida ganesh gaurav gayatri
geeta gopal govind gurpreet hari harish harpreet hemant imran indira isha ishaan jagdish jaya
jayesh jyoti kabir kailash kamal kamla karan karthik kavita kiran kishore krishna kumar kunal
lakshmi lalita lata lokesh madhav madhu mahesh mala manish manju manoj maya meena meera mehul
mohan mohammed mukesh murali nadia nagesh naina nandini naresh naveen neeraj neha nikhil nilesh
nisha nitin omkar padma pankaj parth pooja prabha pradeep prakash pramod pranav prashant praveen
preeti priya priyanka rahul raj rajesh raju rakesh ram ramesh rani ranjit rashmi ravi reena rekha
renu reshma ritu rohan rohit roshni sachin sameer sandeep sangeeta sanjay santosh sarita satish
savita seema shabnam shankar sharda shashi shilpa shiv shobha shreya shruti shubham siddharth
simran sita sneha sonu srinivas stuti subhash sudha sujata suman sunil sunita suresh surya sushma
swati tanvi tara tarun tejas uma umesh usha vandana varsha vasant veena venkat vidya vijay vikas
vikram vimal vinay vinod vishal vivek yash yogesh yusuf zara zoya
`
  .trim()
  .split(/\s+/)

const FAMILY = `
agarwal ahmed ali ansari arora babu bag banerjee bansal basu bhat bhatt bhosale biswas bora bose
chakraborty chandra chatterjee chauhan chavan chopra choudhary dalvi das dasgupta desai deshmukh
deshpande devi dey dhillon dixit dubey dutta fernandes gaikwad gandhi garg george ghosh gill gogoi
gowda goyal gupta hegde hussain iyengar iyer jadhav jain jha joseph joshi kadam kale kamath kapoor
kaur khan khanna kohli kulkarni kumar lal lobo mahajan mahato malhotra malik mandal mathew mehta
menon mishra mittal mohanty more mukherjee nadar naidu naik nair nambiar nanda narayan nath nayak
negi ojha pal panda pandey pandit patel pathak patil patnaik paul pawar pillai prasad purohit
qureshi raghavan rai raju rana rane rao rathod rathore rawat ray reddy roy sahoo sahu saini salvi
samal sarkar sawant saxena sen seth shah shaikh sharma shetty shinde shukla siddiqui singh sinha
solanki soni subramanian sutar swamy tandon thakur thomas tiwari tripathi tyagi varghese varma
verma vyas wagh yadav
`
  .trim()
  .split(/\s+/)

/** Given names. */
export const GIVEN_NAMES: readonly string[] = GIVEN

/** Family names. */
export const FAMILY_NAMES: readonly string[] = FAMILY

/** What small merchants are named for, apart from their owners. */
export const SHOP_NAMES: readonly string[] = `
annapurna apna ashirwad balaji bharat bismillah city classic durga ekta famous friends ganga
ganesh gayatri gokul golden green gurukripa hanuman heera himalaya indian jaihind janta jyothi
kaveri khalsa kisan krishna kwality laxmi lucky madina mahalaxmi mahavir mamta matoshree mauli
metro modern narmada national new nirmal om parvati pooja popular prabhat prince pushpa radhe raj
rajdhani rama rani royal sagar sai sairam sangam sarvodaya saraswati shakti shanti shiv shivam
shree shubh sri star sun super supreme surya swagat swastik tirupati triveni ujjwal uma vaishnavi
venkatesh vijaya vinayak vishal yashoda
`
  .trim()
  .split(/\s+/)
